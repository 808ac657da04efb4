/* descriptors.h - the three descriptors that a program finds open. */
#ifndef BASE_DESCRIPTORS_H
#define BASE_DESCRIPTORS_H

/* First in main(): whoever starts a program may have closed some of them. What is opened
 * later must not take their numbers, or what is meant for standard error goes into it. */
void descriptors_begin(void);

#endif
