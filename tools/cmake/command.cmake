# The command: public headers only. czmq is linked only when a file of it asks for it.
add_executable(orderly_command ${ORD_TOOL_SOURCES})
set_target_properties(orderly_command PROPERTIES
	OUTPUT_NAME orderly
	INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
target_include_directories(orderly_command PRIVATE tools/orderly)
target_link_libraries(orderly_command PRIVATE orderly orderly_includes orderly_warnings)

foreach(source ${ORD_TOOL_SOURCES})
	file(STRINGS ${source} uses_czmq REGEX "# *include *<czmq")
	if(uses_czmq)
		find_library(ORD_CZMQ_LIBRARY czmq REQUIRED)
		target_link_libraries(orderly_command PRIVATE ${ORD_CZMQ_LIBRARY} ${ORD_ZMQ_LIBRARY})
		break()
	endif()
endforeach()
