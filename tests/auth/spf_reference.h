/* spf_reference.h */
#ifndef SPF_REFERENCE_H
#define SPF_REFERENCE_H

#endif
