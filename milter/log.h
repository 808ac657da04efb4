/* log.h */
#ifndef MILTER_LOG_H
#define MILTER_LOG_H

#endif
