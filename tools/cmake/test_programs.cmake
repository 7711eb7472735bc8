# The test programs that are compiled: Criterion tests, plain drivers, modules, fuzzers and examples.
add_library(test_base INTERFACE)
target_include_directories(test_base INTERFACE tests/support)
target_link_libraries(test_base INTERFACE orderly_private orderly_warnings)
# tests/support/memory_fault.c stands between the library and its allocations.
target_link_options(test_base INTERFACE
	LINKER:--wrap=memory_new,--wrap=memory_resize,--wrap=memory_copy)

file(GLOB support_sources CONFIGURE_DEPENDS tests/support/*.c)
list(FILTER support_sources EXCLUDE REGEX "fuzz_driver.c$")
if(support_sources)
	add_library(test_support OBJECT ${support_sources})
	target_link_libraries(test_support PRIVATE orderly_private orderly_warnings)
	target_sources(test_base INTERFACE $<TARGET_OBJECTS:test_support>)
endif()

# Criterion, or under ThreadSanitizer (in which it cannot start) a stand-in for it.
if(ORD_PLAIN_TESTS)
	add_library(test_criterion INTERFACE)
	target_include_directories(test_criterion SYSTEM INTERFACE tests/support/plain)
	target_sources(test_criterion INTERFACE ${PROJECT_SOURCE_DIR}/tests/support/plain/main.c)
elseif(NOT ORD_FUZZ)
	find_library(ORD_CRITERION_LIBRARY criterion REQUIRED)
	find_path(ORD_CRITERION_INCLUDE criterion/criterion.h REQUIRED)
	add_library(test_criterion INTERFACE)
	target_include_directories(test_criterion SYSTEM INTERFACE ${ORD_CRITERION_INCLUDE})
	target_link_libraries(test_criterion INTERFACE ${ORD_CRITERION_LIBRARY})
	target_sources(test_criterion INTERFACE ${PROJECT_SOURCE_DIR}/tests/support/criterion/leaks.c)
endif()

# Makes the executable of a test, beside the other tests in the build tree.
function(add_test_program name source)
	cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE path)
	cmake_path(GET path PARENT_PATH folder)
	cmake_path(GET path STEM stem)
	add_executable(${name} ${source} ${ARGN})
	set_target_properties(${name} PROPERTIES
		OUTPUT_NAME ${stem}
		ENABLE_EXPORTS ON
		RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
	target_link_libraries(${name} PRIVATE test_base)
endfunction()

if(NOT ORD_FUZZ)
	foreach(folder unit api flow cli jobs graph)
		file(GLOB_RECURSE sources CONFIGURE_DEPENDS tests/${folder}/test_*.c)
		foreach(source ${sources})
			left_out(${source} out)
			if(out)
				continue()
			endif()
			name_of_test(${source})
			cmake_path(GET source PARENT_PATH here)
			file(GLOB helpers CONFIGURE_DEPENDS ${here}/*.c)
			list(FILTER helpers EXCLUDE REGEX "/(test|plain|module|fuzz)_[^/]*$")
			add_test_program(${name} ${source} ${helpers})
			target_link_libraries(${name} PRIVATE test_criterion)
			if(TARGET orderly_tools AND source MATCHES "/tests/unit/tools/")
				target_link_libraries(${name} PRIVATE orderly_tools)
			endif()
			register_test(${name} ${label} ${name})
		endforeach()
	endforeach()

	file(GLOB_RECURSE sources CONFIGURE_DEPENDS tests/plain_*.c)
	foreach(source ${sources})
		left_out(${source} out)
		if(NOT out)
			name_of_test(${source})
			add_test_program(${name} ${source})
			register_test(${name} ${label} ${name})
		endif()
	endforeach()

	file(GLOB_RECURSE sources CONFIGURE_DEPENDS tests/module_*.c docs/examples/module_*.c)
	foreach(source ${sources})
		cmake_path(GET source STEM stem)
		add_library(${stem} MODULE ${source})
		set_target_properties(${stem} PROPERTIES
			PREFIX ""
			C_VISIBILITY_PRESET default
			LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/modules)
		target_link_libraries(${stem} PRIVATE orderly orderly_includes orderly_warnings)
	endforeach()

	find_package(Threads REQUIRED)
	file(GLOB sources CONFIGURE_DEPENDS docs/examples/*.c)
	list(FILTER sources EXCLUDE REGEX "/module_[^/]*$")
	foreach(source ${sources})
		cmake_path(GET source STEM stem)
		add_executable(example.${stem} ${source})
		set_target_properties(example.${stem} PROPERTIES
			OUTPUT_NAME ${stem}
			ENABLE_EXPORTS ON
			RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
		target_link_libraries(example.${stem} PRIVATE orderly orderly_includes orderly_warnings
			Threads::Threads ${CMAKE_DL_LIBS})
	endforeach()
	include(tools/cmake/cxx_examples.cmake)
endif()

file(GLOB sources CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
foreach(source ${sources})
	cmake_path(GET source STEM stem)
	string(REGEX REPLACE "^fuzz_" "" short ${stem})
	set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${short})
	if(ORD_FUZZ)
		add_test_program(fuzz.${short} ${source})
		target_link_options(fuzz.${short} PRIVATE -fsanitize=fuzzer)
		if(NOT EXISTS ${corpus})
			set(corpus)
		endif()
		register_test(fuzz.${short} fuzz fuzz.${short} -runs=20000 -max_len=4096 -seed=1 ${corpus})
	else()
		add_test_program(fuzz.${short} ${source} ${PROJECT_SOURCE_DIR}/tests/support/fuzz_driver.c)
		register_test(fuzz.${short} fuzz fuzz.${short} ${corpus})
	endif()
endforeach()
