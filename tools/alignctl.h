/* alignctl.h */
#ifndef TOOLS_ALIGNCTL_H
#define TOOLS_ALIGNCTL_H

#endif
