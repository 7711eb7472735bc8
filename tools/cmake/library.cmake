# liborderly.so, liborderly.a and the private library, all from the same objects.
add_library(orderly_objects OBJECT ${ORD_SOURCES})
target_include_directories(orderly_objects PRIVATE lib)
target_link_libraries(orderly_objects PRIVATE orderly_includes orderly_warnings)

if(ORD_STACK_TRACE)
	target_compile_definitions(orderly_objects PRIVATE ORD_STACK_TRACE)
endif()

# The shared library exports ord_* and nothing else; the SONAME moves only on a break.
add_library(orderly SHARED $<TARGET_OBJECTS:orderly_objects>)
add_library(orderly::orderly ALIAS orderly)
set_target_properties(orderly PROPERTIES
	VERSION ${PROJECT_VERSION}
	SOVERSION 0
	LINKER_LANGUAGE C
	LINK_DEPENDS ${PROJECT_SOURCE_DIR}/lib/orderly.map)
target_include_directories(orderly INTERFACE
	$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
	$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(orderly PRIVATE ${ORD_ZMQ_LIBRARY})
target_link_options(orderly PRIVATE "LINKER:--version-script=${PROJECT_SOURCE_DIR}/lib/orderly.map")
if(NOT ORD_INSTRUMENTED)
	target_link_options(orderly PRIVATE LINKER:--no-undefined)
endif()

# The installed static library is one relocatable object in which hidden symbols are local, so that it
# exports what the shared one does.
set(ORD_STATIC ${PROJECT_BINARY_DIR}/liborderly.a)
add_custom_command(OUTPUT ${ORD_STATIC}
	COMMAND ${CMAKE_LINKER} -r -o orderly.o $<TARGET_OBJECTS:orderly_objects>
	COMMAND ${CMAKE_OBJCOPY} --localize-hidden orderly.o
	COMMAND ${CMAKE_COMMAND} -E rm -f liborderly.a
	COMMAND ${CMAKE_AR} rcs liborderly.a orderly.o
	DEPENDS orderly_objects $<TARGET_OBJECTS:orderly_objects>
	WORKING_DIRECTORY ${PROJECT_BINARY_DIR}
	COMMAND_EXPAND_LISTS VERBATIM
	COMMENT "Making liborderly.a")
add_custom_target(orderly_static ALL DEPENDS ${ORD_STATIC})

# For tests, fuzzers and benchmarks: hidden symbols can be reached. Never installed.
add_library(orderly_private STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:orderly_objects>)
set_target_properties(orderly_private PROPERTIES LINKER_LANGUAGE C)
target_include_directories(orderly_private INTERFACE lib)
target_link_libraries(orderly_private INTERFACE orderly_includes ${ORD_ZMQ_LIBRARY})

if(ORD_COVERAGE)
	target_sources(orderly_objects PRIVATE tests/support/coverage/exit.c)
	target_link_options(orderly PRIVATE LINKER:--wrap=_exit)
	target_link_options(orderly_private INTERFACE LINKER:--wrap=_exit)
endif()

# The graph: a library of its own. Of ours it has the public headers, and the files of lib/base that know nothing of
# orderly, as objects that are hidden in it.
if(ORD_GRAPH_SOURCES)
	add_library(orderly_graph_objects OBJECT ${ORD_GRAPH_SOURCES})
	target_include_directories(orderly_graph_objects PRIVATE lib)
	target_link_libraries(orderly_graph_objects PRIVATE orderly_includes orderly_warnings PkgConfig::ORD_GRAPH_NEEDS)

	set(base "$<FILTER:$<TARGET_OBJECTS:orderly_objects>,INCLUDE,/base/(alive|buffer|clock|error|fd|groups|machine|memory|options|processors|table).c>")
	add_library(orderly_graph SHARED $<TARGET_OBJECTS:orderly_graph_objects> ${base})
	add_library(orderly::graph ALIAS orderly_graph)
	set_target_properties(orderly_graph PROPERTIES
		OUTPUT_NAME orderly-graph
		EXPORT_NAME graph
		INSTALL_RPATH "$ORIGIN" # beside it lies the other, wherever the tree is moved to
		VERSION ${PROJECT_VERSION}
		SOVERSION 0
		LINKER_LANGUAGE C
		LINK_DEPENDS ${PROJECT_SOURCE_DIR}/lib/orderly-graph.map)
	target_link_libraries(orderly_graph PUBLIC orderly PRIVATE PkgConfig::ORD_GRAPH_NEEDS)
	target_link_options(orderly_graph PRIVATE
		"LINKER:--version-script=${PROJECT_SOURCE_DIR}/lib/orderly-graph.map")
	if(NOT ORD_INSTRUMENTED)
		target_link_options(orderly_graph PRIVATE LINKER:--no-undefined)
	endif()

	set(ORD_GRAPH_STATIC ${PROJECT_BINARY_DIR}/liborderly-graph.a)
	add_custom_command(OUTPUT ${ORD_GRAPH_STATIC}
		COMMAND ${CMAKE_LINKER} -r -o orderly-graph.o $<TARGET_OBJECTS:orderly_graph_objects> ${base}
		COMMAND ${CMAKE_OBJCOPY} --localize-hidden orderly-graph.o
		COMMAND ${CMAKE_COMMAND} -E rm -f liborderly-graph.a
		COMMAND ${CMAKE_AR} rcs liborderly-graph.a orderly-graph.o
		DEPENDS orderly_graph_objects orderly_objects $<TARGET_OBJECTS:orderly_graph_objects>
		WORKING_DIRECTORY ${PROJECT_BINARY_DIR}
		COMMAND_EXPAND_LISTS VERBATIM
		COMMENT "Making liborderly-graph.a")
	add_custom_target(orderly_graph_static ALL DEPENDS ${ORD_GRAPH_STATIC})

	# For tests: beside orderly_private, which has lib/base.
	add_library(orderly_graph_private STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:orderly_graph_objects>)
	set_target_properties(orderly_graph_private PROPERTIES LINKER_LANGUAGE C)
	target_link_libraries(orderly_graph_private INTERFACE orderly_private PkgConfig::ORD_GRAPH_NEEDS)
endif()
