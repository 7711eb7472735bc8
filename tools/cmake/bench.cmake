# bench/<room>/bench_x.c becomes bench/bench_x in the build tree; each prints one line of JSON per figure.
# The other .c files below bench/ are what they share.
file(GLOB_RECURSE bench_sources CONFIGURE_DEPENDS bench/*.c)
set(bench_shared ${bench_sources})
list(FILTER bench_sources INCLUDE REGEX "/bench_[^/]*$")
list(FILTER bench_shared EXCLUDE REGEX "/bench_[^/]*$")
if(bench_shared)
	add_library(bench_shared OBJECT ${bench_shared})
	target_include_directories(bench_shared PRIVATE bench)
	target_link_libraries(bench_shared PRIVATE orderly_includes orderly_warnings)
endif()
foreach(source ${bench_sources})
	cmake_path(GET source STEM name)
	add_executable(bench.${name} ${source})
	set_target_properties(bench.${name} PROPERTIES
		OUTPUT_NAME ${name}
		RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
	target_include_directories(bench.${name} PRIVATE bench)
	target_link_libraries(bench.${name} PRIVATE orderly_private orderly_warnings m)
	if(bench_shared)
		target_link_libraries(bench.${name} PRIVATE bench_shared)
	endif()
endforeach()
