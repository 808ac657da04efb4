/* evaluate.h */
#ifndef JUDGE_EVALUATE_H
#define JUDGE_EVALUATE_H

#endif
