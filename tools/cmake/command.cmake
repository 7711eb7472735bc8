# The command: public headers only. Everything but main.c is in an object library, which tests/unit/tools links.
list(FILTER ORD_TOOL_SOURCES EXCLUDE REGEX "/main\\.c$")
set(tool_main ${PROJECT_SOURCE_DIR}/tools/orderly/main.c)
if(NOT ORD_TOOL_SOURCES)
	return()
endif()

# What calls the graph's library is for the command only, where there is one.
set(graph_tools ${ORD_TOOL_SOURCES})
list(FILTER graph_tools INCLUDE REGEX "/(run|graph|ctx)[^/]*[.]c$")
list(FILTER graph_tools EXCLUDE REGEX "/run_status[.]c$") # it knows no graph, and has a unit test
if(graph_tools)
	list(REMOVE_ITEM ORD_TOOL_SOURCES ${graph_tools})
endif()
# The same for job lists.
set(jobs_tools ${ORD_TOOL_SOURCES})
list(FILTER jobs_tools INCLUDE REGEX "/jobs[^/]*[.]c$")
if(jobs_tools)
	list(REMOVE_ITEM ORD_TOOL_SOURCES ${jobs_tools})
endif()

add_library(orderly_tools OBJECT ${ORD_TOOL_SOURCES})
target_include_directories(orderly_tools PUBLIC tools/orderly)
target_link_libraries(orderly_tools PUBLIC orderly_includes PRIVATE orderly_warnings)

# czmq is linked only when a file asks for it.
foreach(source ${ORD_TOOL_SOURCES})
	file(STRINGS ${source} uses_czmq REGEX "# *include *<czmq")
	if(uses_czmq)
		find_library(ORD_CZMQ_LIBRARY czmq REQUIRED)
		target_link_libraries(orderly_tools INTERFACE ${ORD_CZMQ_LIBRARY} ${ORD_ZMQ_LIBRARY})
		break()
	endif()
endforeach()

if(EXISTS ${tool_main})
	add_executable(orderly_command ${tool_main})
	set_target_properties(orderly_command PROPERTIES
		OUTPUT_NAME orderly
		INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
	target_link_libraries(orderly_command PRIVATE orderly_tools orderly orderly_warnings)
	if(TARGET orderly_graph)
		target_sources(orderly_command PRIVATE ${graph_tools})
		target_compile_definitions(orderly_command PRIVATE ORD_GRAPH)
		target_link_libraries(orderly_command PRIVATE orderly_graph ${ORD_ZMQ_LIBRARY})
	endif()
	if(TARGET orderly_jobs)
		# SQLite reads the JSON of import, and the lists of laufband.
		if(NOT ORD_JOBS_SQLITE_FOUND)
			list(FILTER jobs_tools EXCLUDE REGEX "/jobs_(import|table)[.]c$")
		endif()
		target_sources(orderly_command PRIVATE ${jobs_tools})
		target_compile_definitions(orderly_command PRIVATE ORD_JOBS)
		target_link_libraries(orderly_command PRIVATE orderly_jobs)
		if(ORD_JOBS_SQLITE_FOUND)
			target_compile_definitions(orderly_command PRIVATE ORD_JOBS_SQLITE)
			target_link_libraries(orderly_command PRIVATE PkgConfig::ORD_JOBS_SQLITE)
		endif()
	endif()
endif()

# The tracer of workers that crash is a program of its own: libdw would make every `orderly` slower to start.
if(ORD_STACK_TRACE)
	if(TARGET orderly_command)
		target_compile_definitions(orderly_command PRIVATE ORD_STACK_TRACE)
	endif()
	add_executable(orderly_stack tools/stack/main.c)
	set_target_properties(orderly_stack PROPERTIES OUTPUT_NAME orderly-stack)
	target_include_directories(orderly_stack SYSTEM PRIVATE ${ORD_DW_INCLUDE})
	target_link_libraries(orderly_stack PRIVATE orderly_warnings ${ORD_DW_LIBRARY})
endif()
