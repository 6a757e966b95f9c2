/* When the batch system will end this job. */
#ifndef APEX_DIST_DEADLINE_H
#define APEX_DIST_DEADLINE_H

/* Seconds left in this Slurm job, from SLURM_JOB_END_TIME or else by asking squeue; -1: no Slurm job, no
 * limit, or not known. Starts a program: call it once, on one rank. */
double deadline_left(void);

/* "D-HH:MM:SS", "HH:MM:SS", "MM:SS" as Slurm writes a duration, in seconds; -1: none (UNLIMITED, INVALID,
 * NOT_SET, ...). */
double deadline_parse(const char *text);

#endif
