#include "core/noise.h"

#include "core/lanes.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {"gaussian", "uniform", "laplace", "multiplicative", "dropout"};

const char *apex_noise_name(enum apex_noise_kind kind)
{
    return names[kind];
}

int apex_noise_kind(const char *name, enum apex_noise_kind *kind)
{
    for (int k = 0; k < (int)(sizeof names / sizeof *names); k++)
        if (!strcmp(name, names[k])) {
            *kind = (enum apex_noise_kind)k;
            return 0;
        }
    return -1;
}

int apex_noise_is_additive(enum apex_noise_kind kind)
{
    return kind == APEX_NOISE_GAUSSIAN || kind == APEX_NOISE_UNIFORM || kind == APEX_NOISE_LAPLACE;
}

/* One (seed, stream, draw, sample): everything but the block number. */
struct source {
    enum apex_noise_kind kind;
    uint32_t key[2], tail[3];
};

static struct source source_of(const struct apex_noise *noise, uint32_t stream, uint32_t sample,
                               uint32_t draw)
{
    return (struct source){
        noise->kind, {(uint32_t)noise->seed, (uint32_t)(noise->seed >> 32)}, {stream, draw, sample}};
}

/* x[0] holds the block number of each lane; xi[w][i] is element w of that block. */
static void make(const struct source *s, uint32_t x[4][LANES], float xi[4][LANES], int lanes)
{
    philox_lanes(s->key, s->tail, x, lanes);
    switch (s->kind) {
    case APEX_NOISE_GAUSSIAN:
    case APEX_NOISE_MULTIPLICATIVE:
        normal_lanes(x, xi, lanes);
        break;
    case APEX_NOISE_UNIFORM:
        uniform_lanes(x, xi, lanes);
        break;
    case APEX_NOISE_LAPLACE:
        laplace_lanes(x, xi, lanes);
        break;
    case APEX_NOISE_DROPOUT:
        unit_lanes(x, xi, lanes);
        break;
    }
}

APEX_CLONES
static void number_blocks(uint32_t block, uint32_t x[LANES])
{
    for (uint32_t i = 0; i < LANES; i++)
        x[i] = block + i;
}

/* Word w of block i becomes element 4 i + w. */
APEX_CLONES
static void interleave(float z[4][LANES], int64_t blocks, float *xi)
{
    for (int64_t i = 0; i < blocks; i++)
        for (int w = 0; w < 4; w++)
            xi[4 * i + w] = z[w][i];
}

/* Elements 4 block .. 4 block + count - 1, count at most 4 LANES. */
static void fill_blocks(const struct source *s, uint32_t block, int64_t count, float *xi)
{
    _Alignas(64) uint32_t x[4][LANES];
    _Alignas(64) float z[4][LANES];
    number_blocks(block, x[0]);
    make(s, x, z, (int)((count + 3) / 4));
    int64_t whole = count / 4;
    interleave(z, whole, xi);
    for (int64_t e = 4 * whole; e < count; e++)
        xi[e] = z[e % 4][e / 4];
}

static void fill(const struct source *s, int64_t first, int64_t count, float *xi)
{
    for (int64_t done = 0; done < count; done += 4 * LANES) {
        int64_t left = count - done;
        fill_blocks(s, (uint32_t)((first + done) / 4), left < 4 * LANES ? left : 4 * LANES, xi + done);
    }
}

void apex_noise_fill(const struct apex_noise *noise, uint32_t stream, uint32_t sample, uint32_t draw,
                     int64_t first, int64_t count, float *xi)
{
    struct source s = source_of(noise, stream, sample, draw);
    fill(&s, first, count, xi);
}

/* A place in a channels-last tensor whose pixels come in fours: one Philox block is 4 pixels of one channel.
 * Places are walked channel by channel, so that neighbouring lanes write neighbouring memory. */
struct place {
    int64_t four, channel;
};

/* Lanes [from, to) that stay within one group of 4 pixels. */
static int run_end(struct place at, int64_t channels, int64_t fours, int from)
{
    if (at.four >= fours)
        return from;
    int64_t run = channels - at.channel;
    return run < LANES - from ? from + (int)run : LANES;
}

static struct place after(struct place at, int64_t channels, int run)
{
    at.channel += run;
    if (at.channel == channels)
        at = (struct place){at.four + 1, 0};
    return at;
}

/* Writes up to LANES places from `start` on; returns the next one. */
static struct place fill_places(const struct source *s, struct place start, int64_t channels, int64_t fours,
                                float *xi)
{
    _Alignas(64) uint32_t x[4][LANES];
    _Alignas(64) float z[4][LANES];
    struct place at = start;
    int from = 0;
    for (int to; (to = run_end(at, channels, fours, from)) > from; from = to) {
        uint32_t block = (uint32_t)(at.channel * fours + at.four);
        for (int i = from; i < to; i++, block += (uint32_t)fours)
            x[0][i] = block;
        at = after(at, channels, to - from);
    }
    memset(x[0] + from, 0, (size_t)(LANES - from) * sizeof x[0][0]); /* lanes past the end: any block */
    make(s, x, z, from);
    at = start;
    from = 0;
    for (int to; (to = run_end(at, channels, fours, from)) > from; from = to) {
        float *row = xi + 4 * at.four * channels + at.channel;
        for (int w = 0; w < 4; w++)
            for (int i = from; i < to; i++)
                row[w * channels + i - from] = z[w][i];
        at = after(at, channels, to - from);
    }
    return at;
}

#define CHUNK 4096

/* Where blocks straddle channels: as many whole channels as fit in a chunk, in ONNX order, then transposed.
 */
static void fill_transposed(const struct source *s, int64_t channels, int64_t pixels, float *xi)
{
    float chunk[CHUNK];
    int64_t group = (CHUNK - 4) / pixels;
    for (int64_t from = 0; from < channels; from += group) {
        int64_t n = channels - from < group ? channels - from : group;
        int64_t lead = from * pixels % 4; /* elements of the first block that belong to the channel before */
        fill(s, from * pixels - lead, lead + n * pixels, chunk);
        for (int64_t p = 0; p < pixels; p++)
            for (int64_t c = 0; c < n; c++)
                xi[p * channels + from + c] = chunk[lead + c * pixels + p];
    }
}

/* The same where not even one channel fits. */
static void fill_scattered(const struct source *s, int64_t channels, int64_t pixels, float *xi)
{
    float chunk[CHUNK];
    int64_t total = channels * pixels, channel = 0, pixel = 0;
    for (int64_t first = 0; first < total; first += CHUNK) {
        int64_t count = total - first < CHUNK ? total - first : CHUNK;
        fill(s, first, count, chunk);
        for (int64_t e = 0; e < count; e++) {
            xi[pixel * channels + channel] = chunk[e];
            if (++pixel == pixels) {
                pixel = 0;
                channel++;
            }
        }
    }
}

void apex_noise_fill_nhwc(const struct apex_noise *noise, uint32_t stream, uint32_t sample, uint32_t draw,
                          int64_t channels, int64_t pixels, float *xi)
{
    struct source s = source_of(noise, stream, sample, draw);
    if (channels == 1 || pixels == 1) {
        fill(&s, 0, channels * pixels, xi);
    } else if (pixels % 4 && pixels <= CHUNK - 4) {
        fill_transposed(&s, channels, pixels, xi);
    } else if (pixels % 4) {
        fill_scattered(&s, channels, pixels, xi);
    } else {
        for (struct place at = {0, 0}; at.four < pixels / 4;)
            at = fill_places(&s, at, channels, pixels / 4, xi);
    }
}

void apex_noise_fill_channels(const struct apex_noise *noise, uint32_t stream, uint32_t sample, uint32_t draw,
                              int64_t channels, int64_t pixels, int channels_last, float *xi)
{
    struct source s = source_of(noise, stream, sample, draw);
    fill(&s, 0, channels, xi);
    for (int64_t p = 1; p < pixels && channels_last; p++)
        memcpy(xi + p * channels, xi, (size_t)channels * sizeof *xi);
    if (channels_last)
        return;
    for (int64_t c = channels - 1; c >= 0; c--) { /* from the end: number c lies in front of where it goes */
        const float of_channel = xi[c];
        for (int64_t p = 0; p < pixels; p++)
            xi[c * pixels + p] = of_channel;
    }
}

static void apply_limit(enum apex_noise_kind kind, const float *a, const float *xi, int64_t count, float *y)
{
    int additive = apex_noise_is_additive(kind);
    for (int64_t i = 0; i < count; i++)
        y[i] = additive ? xi[i] : a[i] * xi[i];
}

APEX_CLONES
void apex_noise_apply(enum apex_noise_kind kind, float sigma, const float *a, const float *xi, int64_t count,
                      float *y)
{
    if (isinf(sigma)) {
        apply_limit(kind, a, xi, count, y);
    } else if (kind == APEX_NOISE_MULTIPLICATIVE) {
        for (int64_t i = 0; i < count; i++)
            y[i] = a[i] * (1.0f + sigma * xi[i]);
    } else if (kind == APEX_NOISE_DROPOUT) {
        float kept = 1.0f + sigma * sigma, p = sigma * sigma / kept;
        for (int64_t i = 0; i < count; i++)
            y[i] = xi[i] >= p ? a[i] * kept : 0.0f;
    } else {
        for (int64_t i = 0; i < count; i++)
            y[i] = a[i] + sigma * xi[i];
    }
}
