#include "analysis/colour.h"

#include <stdio.h>

/* Okabe and Ito, "Color Universal Design"; yellow and black left to the page's text. */
static const unsigned char okabe_ito[COLOUR_ITEMS][3] = {
    {0, 114, 178},  {213, 94, 0},  {0, 158, 115},   {204, 121, 167},
    {86, 180, 233}, {230, 159, 0}, {148, 103, 189}, {120, 120, 120},
};

/* Shallow to deep: blue to orange, ever lighter, none too light for white nor too dark for black. */
static const unsigned char depth[5][3] = {
    {31, 95, 168}, {63, 127, 166}, {124, 143, 134}, {181, 154, 85}, {230, 159, 0}};

static void at_depth(const struct series *s, unsigned char rgb[3])
{
    double where = s->of > 1 ? 4.0 * s->rank / (s->of - 1) : 0;
    int k = where >= 4 ? 3 : (int)where;
    for (int c = 0; c < 3; c++)
        rgb[c] = (unsigned char)(depth[k][c] + (where - k) * (depth[k + 1][c] - depth[k][c]) + 0.5);
}

const char *colour_of(const struct series *s, char text[COLOUR_TEXT])
{
    unsigned char rgb[3] = {0, 0, 0};
    if (s->look == LOOK_LAYER)
        at_depth(s, rgb);
    else if (s->look == LOOK_REST)
        rgb[0] = rgb[1] = rgb[2] = 150;
    else if (s->look == LOOK_ITEM)
        for (int c = 0; c < 3; c++)
            rgb[c] = okabe_ito[s->rank % COLOUR_ITEMS][c];
    snprintf(text, COLOUR_TEXT, "#%02x%02x%02x", rgb[0], rgb[1], rgb[2]);
    return text;
}

int colour_dash(const struct series *s)
{
    if (s->look == LOOK_INPUT)
        return 2;
    return s->look == LOOK_ITEM ? 1 + s->rank / COLOUR_ITEMS % 4 : 1;
}

int colour_mark(const struct series *s)
{
    static const int mark[] = {7, 5, 9, 13, 11, 6, 4, 8};
    return s->look == LOOK_ITEM ? mark[s->rank % 8] : 7;
}

double colour_width(const struct series *s)
{
    return s->look == LOOK_ALL ? 2.6 : s->look == LOOK_LAYER && s->of > 8 ? 1.2 : 1.7;
}
