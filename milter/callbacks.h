/* callbacks.h */
#ifndef MILTER_CALLBACKS_H
#define MILTER_CALLBACKS_H

#endif
