#include "dist/run/deadline.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double deadline_parse(const char *text)
{
    double days = 0, seconds = 0;
    char *end;
    const char *dash = strchr(text, '-'), *at = text;
    if (!isdigit((unsigned char)*at))
        return -1;
    if (dash) {
        days = (double)strtoul(at, &end, 10);
        if (end != dash || !isdigit((unsigned char)dash[1]))
            return -1;
        at = dash + 1;
    }
    for (int parts = 0; parts < 3; parts++) {
        seconds = 60 * seconds + (double)strtoul(at, &end, 10);
        if (*end != ':' || !isdigit((unsigned char)end[1]))
            return !*end || isspace((unsigned char)*end) ? 86400 * days + seconds : -1;
        at = end + 1;
    }
    return -1;
}

/* A number that goes into a command line, so nothing else may. */
static const char *number_of(const char *variable)
{
    const char *text = getenv(variable);
    return text && *text && strspn(text, "0123456789") == strlen(text) ? text : NULL;
}

/* How squeue knows this job: one task of an array shares its number with the whole array. -1: no job. */
static int job_name(char *name, size_t size)
{
    const char *job = number_of("SLURM_JOB_ID"), *array = number_of("SLURM_ARRAY_JOB_ID"),
               *task = number_of("SLURM_ARRAY_TASK_ID");
    if (job && array && task)
        snprintf(name, size, "%.32s_%.32s", array, task);
    else if (job)
        snprintf(name, size, "%.32s", job);
    return job ? 0 : -1;
}

static double ask(const char *format, const char *job)
{
    char command[256], line[64] = "";
    snprintf(command, sizeof command, format, job);
    FILE *answer = popen(command, "r");
    if (!answer)
        return -1;
    if (!fgets(line, sizeof line, answer))
        line[0] = '\0';
    pclose(answer);
    return deadline_parse(line + strspn(line, " "));
}

double deadline_left(void)
{
    char job[80];
    const char *end = getenv("SLURM_JOB_END_TIME");
    if (job_name(job, sizeof job))
        return -1;
    if (end && isdigit((unsigned char)*end)) {
        double left = strtod(end, NULL) - (double)time(NULL);
        return left > 0 ? left : 0;
    }
    return ask("timeout 20 squeue -h -j %s -o %%L 2>/dev/null", job);
}
