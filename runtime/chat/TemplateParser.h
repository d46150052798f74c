// Chat template text to statements. Relies on TemplateLexer.h.
#pragma once

#include "runtime/chat/TemplateSyntax.h"

namespace lathe::chat {

/// Throws TemplateError with the line.
Body parseTemplate(std::string_view text);

} // namespace lathe::chat
