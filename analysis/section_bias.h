/* The verdicts of section 6: which class each model is drawn to more than its references are. */
#ifndef APEX_ANALYSIS_SECTION_BIAS_H
#define APEX_ANALYSIS_SECTION_BIAS_H

#include "analysis/bias.h"
#include "analysis/bias_judge.h"
#include "analysis/section.h"

struct bias_judged {
    struct bias_model own; /* at the three largest scales */
    struct bias_judgement judgement;
};

/* Judges all models of the report against the clean models, else against the other models; judged[models]. */
int bias_section_judge(struct report *r, struct bias_judged *judged, struct apex_error *err);

/* The finding, and how it was reached. */
void bias_section_say(struct report *r, const struct bias_judged *judged);

/* bias.csv */
int bias_section_table(struct report *r, const struct bias_judged *judged, struct apex_error *err);

#endif
