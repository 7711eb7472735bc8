/* What makes a declaration part of the library's interface. */
#ifndef ORDERLY_EXPORT_H
#define ORDERLY_EXPORT_H

#define ORD_API __attribute__((visibility("default")))
#define ORD_MUST_CHECK __attribute__((warn_unused_result))
#define ORD_PRINTF(text, first) __attribute__((format(printf, text, first)))

#endif
