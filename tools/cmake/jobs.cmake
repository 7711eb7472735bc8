# Job lists: a library of its own, liborderly-jobs. Of ours it has the public headers, and the files of lib/base that know
# nothing of orderly, as objects that are hidden in it. Its stores need packages of their own.
set(ORDERLY_WITH_JOBS AUTO CACHE STRING "Build the library of job lists: AUTO (with the stores whose packages are there), ON (with all) or OFF")
set_property(CACHE ORDERLY_WITH_JOBS PROPERTY STRINGS AUTO ON OFF)
if(NOT ORDERLY_WITH_JOBS)
	return()
endif()

find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
	pkg_check_modules(ORD_JOBS_SQLITE QUIET IMPORTED_TARGET "sqlite3 >= 3.37")
endif()
if(NOT ORD_JOBS_SQLITE_FOUND)
	if(NOT ORDERLY_WITH_JOBS STREQUAL "AUTO")
		message(FATAL_ERROR "ORDERLY_WITH_JOBS is ${ORDERLY_WITH_JOBS}, and the store sqlite: needs pkg-config and libsqlite3-dev")
	endif()
	message(STATUS "Job lists are built without the store sqlite:, which needs pkg-config and libsqlite3-dev")
endif()

if(PKG_CONFIG_FOUND)
	pkg_check_modules(ORD_JOBS_POSTGRESQL QUIET IMPORTED_TARGET "libpq >= 14")
endif()
if(NOT ORD_JOBS_POSTGRESQL_FOUND)
	if(NOT ORDERLY_WITH_JOBS STREQUAL "AUTO")
		message(FATAL_ERROR "ORDERLY_WITH_JOBS is ${ORDERLY_WITH_JOBS}, and the store postgresql: needs pkg-config and libpq-dev")
	endif()
	message(STATUS "Job lists are built without the store postgresql:, which needs pkg-config and libpq-dev")
endif()

file(GLOB_RECURSE ORD_JOBS_SOURCES CONFIGURE_DEPENDS lib/jobs/*.c)
if(NOT ORD_JOBS_POSTGRESQL_FOUND)
	list(FILTER ORD_JOBS_SOURCES EXCLUDE REGEX "/jobs/postgresql/")
endif()
if(NOT ORD_JOBS_SQLITE_FOUND)
	list(FILTER ORD_JOBS_SOURCES EXCLUDE REGEX "/jobs/sqlite/")
endif()
add_library(orderly_jobs_objects OBJECT ${ORD_JOBS_SOURCES})
target_include_directories(orderly_jobs_objects PRIVATE lib)
target_link_libraries(orderly_jobs_objects PRIVATE orderly_includes orderly_warnings)
set(jobs_needs)
if(ORD_JOBS_SQLITE_FOUND)
	set(jobs_needs PkgConfig::ORD_JOBS_SQLITE)
	target_compile_definitions(orderly_jobs_objects PRIVATE ORD_JOBS_SQLITE)
	target_link_libraries(orderly_jobs_objects PRIVATE PkgConfig::ORD_JOBS_SQLITE)
endif()

if(ORD_JOBS_POSTGRESQL_FOUND)
	# Its headers alone: it is opened when it is needed (lib/jobs/postgresql/libpq.h).
	list(APPEND jobs_needs ${CMAKE_DL_LIBS})
	target_compile_definitions(orderly_jobs_objects PRIVATE ORD_JOBS_POSTGRESQL)
	target_include_directories(orderly_jobs_objects PRIVATE ${ORD_JOBS_POSTGRESQL_INCLUDE_DIRS})
endif()

set(jobs_base "$<FILTER:$<TARGET_OBJECTS:orderly_objects>,INCLUDE,/base/(alive|buffer|clock|error|fd|memory|options|table).c>")
add_library(orderly_jobs SHARED $<TARGET_OBJECTS:orderly_jobs_objects> ${jobs_base})
add_library(orderly::jobs ALIAS orderly_jobs)
set_target_properties(orderly_jobs PROPERTIES
	OUTPUT_NAME orderly-jobs
	EXPORT_NAME jobs
	VERSION ${PROJECT_VERSION}
	SOVERSION 0
	LINKER_LANGUAGE C
	LINK_DEPENDS ${PROJECT_SOURCE_DIR}/lib/orderly-jobs.map)
target_include_directories(orderly_jobs INTERFACE
	$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
	$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(orderly_jobs PRIVATE $<BUILD_INTERFACE:${jobs_needs}>)
target_link_options(orderly_jobs PRIVATE "LINKER:--version-script=${PROJECT_SOURCE_DIR}/lib/orderly-jobs.map")
if(NOT ORD_INSTRUMENTED)
	target_link_options(orderly_jobs PRIVATE LINKER:--no-undefined)
endif()

set(ORD_JOBS_STATIC ${PROJECT_BINARY_DIR}/liborderly-jobs.a)
add_custom_command(OUTPUT ${ORD_JOBS_STATIC}
	COMMAND ${CMAKE_LINKER} -r -o orderly-jobs.o $<TARGET_OBJECTS:orderly_jobs_objects> ${jobs_base}
	COMMAND ${CMAKE_OBJCOPY} --localize-hidden orderly-jobs.o
	COMMAND ${CMAKE_COMMAND} -E rm -f liborderly-jobs.a
	COMMAND ${CMAKE_AR} rcs liborderly-jobs.a orderly-jobs.o
	DEPENDS orderly_jobs_objects orderly_objects $<TARGET_OBJECTS:orderly_jobs_objects>
	WORKING_DIRECTORY ${PROJECT_BINARY_DIR}
	COMMAND_EXPAND_LISTS VERBATIM
	COMMENT "Making liborderly-jobs.a")
add_custom_target(orderly_jobs_static ALL DEPENDS ${ORD_JOBS_STATIC})

# For tests: beside orderly_private, which has lib/base.
add_library(orderly_jobs_private STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:orderly_jobs_objects>)
set_target_properties(orderly_jobs_private PROPERTIES LINKER_LANGUAGE C)
target_link_libraries(orderly_jobs_private INTERFACE orderly_private ${jobs_needs})
if(ORD_JOBS_SQLITE_FOUND)
	target_compile_definitions(orderly_jobs_private INTERFACE ORD_JOBS_SQLITE)
endif()
if(ORD_JOBS_POSTGRESQL_FOUND)
	target_compile_definitions(orderly_jobs_private INTERFACE ORD_JOBS_POSTGRESQL)
	# Tests and benchmarks ask the server themselves.
	target_link_libraries(orderly_jobs_private INTERFACE PkgConfig::ORD_JOBS_POSTGRESQL)
endif()
