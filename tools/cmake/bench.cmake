# bench/<room>/bench_x.c becomes bench/bench_x in the build tree; each prints one line of JSON per figure.
file(GLOB_RECURSE bench_sources CONFIGURE_DEPENDS bench/*.c)
foreach(source ${bench_sources})
	cmake_path(GET source STEM name)
	add_executable(bench.${name} ${source})
	set_target_properties(bench.${name} PROPERTIES
		OUTPUT_NAME ${name}
		RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
	target_include_directories(bench.${name} PRIVATE bench)
	target_link_libraries(bench.${name} PRIVATE orderly_private orderly_warnings)
endforeach()
