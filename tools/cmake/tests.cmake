# Every test is found by its name and is called by its path: tests/unit/reorder/test_reorder.c is
# unit.reorder.test_reorder, with the label unit.
#
#   test_*.c     Criterion, linked with the private library, tests/support and the other .c files of its folder
#   plain_*.c    a driver with a main() of its own, in every preset
#   module_*.c   a shared object for workers: modules/<name>.so in the build tree
#   fuzz_*.c     LLVMFuzzerTestOneInput; without libFuzzer an ordinary driver replays the corpus
#   test_*.sh    executable; exit status 77 means skipped
#
# A file that says "not under TSAN" in its first lines is left out of the tsan preset.
set(test_environment
	ORDERLY=${PROJECT_BINARY_DIR}/orderly
	ORDERLY_BUILD=${PROJECT_BINARY_DIR}
	ORDERLY_SOURCE=${PROJECT_SOURCE_DIR}
	ORDERLY_CC=${CMAKE_C_COMPILER})

# Sets `name` to the dotted path below tests/ and `label` to its first folder.
macro(name_of_test source)
	cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/tests OUTPUT_VARIABLE path)
	string(REGEX REPLACE "/.*" "" label ${path})
	cmake_path(REMOVE_EXTENSION path LAST_ONLY OUTPUT_VARIABLE name)
	string(REPLACE "/" "." name ${name})
endmacro()

function(register_test name label)
	add_test(NAME ${name} COMMAND ${ARGN})
	set_tests_properties(${name} PROPERTIES
		LABELS ${label}
		TIMEOUT 1500
		SKIP_RETURN_CODE 77
		ENVIRONMENT "${test_environment}")
	# A leak found when the process of a Criterion test ends does not make the test fail by itself.
	if(ORD_INSTRUMENTED)
		set_tests_properties(${name} PROPERTIES
			FAIL_REGULAR_EXPRESSION "ERROR: [A-Za-z]*Sanitizer|WARNING: ThreadSanitizer|runtime error: ")
	endif()
endfunction()

function(left_out source result)
	set(${result} OFF PARENT_SCOPE)
	if(ORD_PLAIN_TESTS)
		file(STRINGS ${source} hit REGEX "not under TSAN" LIMIT_INPUT 2000)
		if(hit)
			set(${result} ON PARENT_SCOPE)
		endif()
	endif()
endfunction()

# The clang-tidy of the tidy preset looks at lib and tools only: Criterion's macros are not ours.
set(CMAKE_C_CLANG_TIDY)

if(ORD_SOURCES)
	include(tools/cmake/test_programs.cmake)
endif()

if(NOT ORD_FUZZ)
	file(GLOB_RECURSE scripts CONFIGURE_DEPENDS tests/test_*.sh)
	# What the style scripts check is the same in an instrumented tree.
	file(GLOB style_scripts CONFIGURE_DEPENDS tests/style/*.sh)
	list(APPEND scripts ${style_scripts})
	list(REMOVE_DUPLICATES scripts)
	list(FILTER scripts EXCLUDE REGEX "/planted/")
	if(ORD_INSTRUMENTED)
		list(FILTER scripts EXCLUDE REGEX "/tests/(style|consumer|abi|cost)/")
	endif()
	foreach(source ${scripts})
		name_of_test(${source})
		left_out(${source} out)
		if(NOT out)
			register_test(${name} ${label} ${source})
		endif()
	endforeach()
endif()
