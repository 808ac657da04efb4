/* daemon.h */
#ifndef MILTER_DAEMON_H
#define MILTER_DAEMON_H

#endif
