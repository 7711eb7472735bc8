# The examples in C++, where there is a compiler for it: tests/flow/test_examples.sh skips those that are not there.
include(CheckLanguage)
check_language(CXX)
if(NOT CMAKE_CXX_COMPILER)
	return()
endif()
enable_language(CXX)

# What instruments the library must instrument its users.
separate_arguments(cxx_flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
file(GLOB sources CONFIGURE_DEPENDS docs/examples/*.cpp)
foreach(source ${sources})
	cmake_path(GET source STEM stem)
	add_executable(example.${stem} ${source})
	set_target_properties(example.${stem} PROPERTIES
		OUTPUT_NAME ${stem}
		CXX_STANDARD 17
		CXX_STANDARD_REQUIRED ON
		CXX_EXTENSIONS OFF
		CXX_CLANG_TIDY ""
		ENABLE_EXPORTS ON
		RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
	target_compile_options(example.${stem} PRIVATE ${cxx_flags} -Wall -Wextra -Wpedantic -Wshadow)
	target_link_options(example.${stem} PRIVATE ${cxx_flags})
	target_link_libraries(example.${stem} PRIVATE orderly)
endforeach()
