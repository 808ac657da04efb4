/* draws.h */
#ifndef JUDGE_DRAWS_H
#define JUDGE_DRAWS_H

#endif
