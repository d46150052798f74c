# `ninja docs`: the reference of the dialects and passes, from the .td files, into <build>/docs. Generated, never committed.
set(docs)
function(lathe_doc name td)
  set(page ${CMAKE_BINARY_DIR}/docs/${name}.md)
  add_custom_command(OUTPUT ${page}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/docs
    COMMAND ${MLIR_TABLEGEN_EXE} ${ARGN} ${CMAKE_SOURCE_DIR}/${td} -I ${CMAKE_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS} -o ${page}
    DEPENDS ${CMAKE_SOURCE_DIR}/${td} ${doc_parts} VERBATIM COMMENT "writing docs/${name}.md")
  set(docs ${docs} ${page} PARENT_SCOPE)
endfunction()
file(GLOB_RECURSE doc_parts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/ir/*.td)
lathe_doc(llm ir/llm/LlmOps.td -gen-dialect-doc -dialect=llm)
lathe_doc(plan ir/plan/PlanOps.td -gen-dialect-doc -dialect=plan)
lathe_doc(check ir/check/CheckOps.td -gen-dialect-doc -dialect=check)
if(EXISTS ${CMAKE_SOURCE_DIR}/passes/Passes.td)
  lathe_doc(passes passes/Passes.td -gen-pass-doc)
endif()
add_custom_target(docs DEPENDS ${docs})
