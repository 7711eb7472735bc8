# The graph's file: YAML, the table of keys, the schema. It needs libyaml; until a public call uses it, it is linked into
# its tests only.
add_library(orderly_graph_file_objects OBJECT ${ORD_GRAPH_FILE_SOURCES})
target_include_directories(orderly_graph_file_objects PRIVATE lib)
target_link_libraries(orderly_graph_file_objects PRIVATE orderly_includes orderly_warnings PkgConfig::ORD_GRAPH_NEEDS)

# Beside orderly_graph_private, which has names and values.
add_library(orderly_graph_file_private STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:orderly_graph_file_objects>)
set_target_properties(orderly_graph_file_private PROPERTIES LINKER_LANGUAGE C)
target_link_libraries(orderly_graph_file_private INTERFACE orderly_graph_private PkgConfig::ORD_GRAPH_NEEDS)
