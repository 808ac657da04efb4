/* publish.h */
#ifndef MILTER_PUBLISH_H
#define MILTER_PUBLISH_H

#endif
