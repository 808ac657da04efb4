/* session.h */
#ifndef MILTER_SESSION_H
#define MILTER_SESSION_H

#endif
