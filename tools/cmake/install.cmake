# Headers, both libraries, the command, the CMake package, the pkg-config file and the manual pages.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/orderly)
install(DIRECTORY include/orderly DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(TARGETS orderly EXPORT orderly DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${ORD_STATIC} DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET orderly_graph)
	install(TARGETS orderly_graph EXPORT orderly DESTINATION ${CMAKE_INSTALL_LIBDIR})
	install(FILES ${ORD_GRAPH_STATIC} DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
if(TARGET orderly_command)
	install(TARGETS orderly_command DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

if(TARGET orderly_stack)
	install(TARGETS orderly_stack DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

install(EXPORT orderly NAMESPACE orderly:: FILE orderlyConfig.cmake DESTINATION ${package_dir})
write_basic_package_version_file(orderlyConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/orderlyConfigVersion.cmake DESTINATION ${package_dir})

# The file finds its prefix from its own place, so that a tree can be installed anywhere and moved.
file(RELATIVE_PATH ORD_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" ORD_PC_PREFIX ${ORD_PC_PREFIX})
configure_file(tools/cmake/orderly.pc.in orderly.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/orderly.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(TARGET orderly_graph)
	configure_file(tools/cmake/orderly-graph.pc.in orderly-graph.pc @ONLY)
	install(FILES ${PROJECT_BINARY_DIR}/orderly-graph.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

# Completion, where shells look for it.
if(TARGET orderly_command)
	install(FILES tools/completion/orderly.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME orderly)
	install(FILES tools/completion/_orderly DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
	install(FILES tools/completion/orderly.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

foreach(section 1 3 5 7)
	file(GLOB pages CONFIGURE_DEPENDS docs/man/*.${section})
	if(pages)
		install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
	endif()
endforeach()
