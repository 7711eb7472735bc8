# Whether the graph is built, and of what: ORD_GRAPH_SOURCES, ORD_INCREMENTAL_SOURCES and
# ORD_GRAPH_FILE_SOURCES, all empty if it is not.
set(ORDERLY_WITH_GRAPH AUTO CACHE STRING "Build the graph library: AUTO (if its packages are there), ON or OFF")
set_property(CACHE ORDERLY_WITH_GRAPH PROPERTY STRINGS AUTO ON OFF)
set(ORD_GRAPH_SOURCES)
set(ORD_INCREMENTAL_SOURCES)
set(ORD_GRAPH_FILE_SOURCES)
set(graph_packages "sqlite3 >= 3.37" "libpcre2-8 >= 10.30" "libxxhash >= 0.8" "yaml-0.1 >= 0.2.5")

if(ORDERLY_WITH_GRAPH)
	find_package(PkgConfig QUIET)
	if(PKG_CONFIG_FOUND)
		pkg_check_modules(ORD_GRAPH_NEEDS QUIET IMPORTED_TARGET ${graph_packages})
	endif()
	if(ORD_GRAPH_NEEDS_FOUND)
		file(GLOB ORD_GRAPH_SOURCES CONFIGURE_DEPENDS lib/graph/*.c)
		set(ORD_GRAPH_FILE_SOURCES ${ORD_GRAPH_SOURCES})
		list(FILTER ORD_GRAPH_FILE_SOURCES INCLUDE REGEX
			"/(blocks|characters|dotenv|field|file|join|keys|number|remedy|schema|source|yaml)[.]c$")
		list(REMOVE_ITEM ORD_GRAPH_SOURCES ${ORD_GRAPH_FILE_SOURCES})
		# What is built, but not yet called: lib/graph/README.md, Stages.
		set(ORD_INCREMENTAL_SOURCES ${ORD_GRAPH_SOURCES})
		list(FILTER ORD_INCREMENTAL_SOURCES INCLUDE REGEX
			"/(digest|stale|reason|globs|ignored|files|inputs|quiet|sights|places|happenings|polling|eyes|encoding|aside|claim|database|history)[.]c$")
		list(REMOVE_ITEM ORD_GRAPH_SOURCES ${ORD_INCREMENTAL_SOURCES})
	elseif(ORDERLY_WITH_GRAPH STREQUAL "AUTO")
		message(STATUS "The graph is not built: it needs pkg-config, libsqlite3-dev, libpcre2-dev, libxxhash-dev and libyaml-dev")
	else()
		message(FATAL_ERROR "ORDERLY_WITH_GRAPH is ${ORDERLY_WITH_GRAPH}, and the graph needs pkg-config, libsqlite3-dev, libpcre2-dev, libxxhash-dev and libyaml-dev")
	endif()
endif()
