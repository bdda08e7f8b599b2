// The functions that Python calls, for one type of numbers: each cell, the inside algorithms and the scores of
// spans, forward and backward, cross-entropy, and transposition.
#pragma once

#include "cross_entropy.h"
#include "dense_inside.h"
#include "gru.h"
#include "inside.h"
#include "linear_scan.h"
#include "log_trees.h"
#include "lstm.h"
#include "lstm_peephole.h"
#include "mgu.h"
#include "minimal_rnn.h"
#include "on_gru.h"
#include "on_lstm.h"
#include "recurrence.h"
#include "rnn.h"
#include "span_scores.h"
#include "transpose.h"

#define EXPORT_CELL(NAME, CELL, SUFFIX, REAL, STORE)                                                         \
    extern "C" void NAME##_forward_##SUFFIX(const long* sizes, const Forward<REAL, STORE>* io) {             \
        run_forward<REAL, STORE>(CELL, Shape{sizes[0], sizes[1], int(sizes[2])}, *io);                       \
    }                                                                                                        \
    extern "C" void NAME##_backward_##SUFFIX(const long* sizes, const Backward<REAL, STORE>* io) {           \
        run_backward<REAL, STORE>(CELL, Shape{sizes[0], sizes[1], int(sizes[2])}, *io);                      \
    }

// What multiplies large matrices.
#define EXPORT_PRODUCTS(SUFFIX, REAL, STORE)                                                                 \
    EXPORT_CELL(on_lstm, (OnLstm<REAL>{{{sizes[3], sizes[4], sizes[5] != 0}}}), SUFFIX, REAL, STORE)           \
    EXPORT_CELL(on_gru, (OnGru<REAL>{{{sizes[3], sizes[4], sizes[5] != 0}}}), SUFFIX, REAL, STORE)             \
    EXPORT_CELL(linear_scan, LinearScan<REAL>{sizes[3]}, SUFFIX, REAL, STORE)                                \
    EXPORT_CELL(rnn, Rnn<REAL>{sizes[3]}, SUFFIX, REAL, STORE)                                               \
    EXPORT_CELL(gru, Gru<REAL>{sizes[3]}, SUFFIX, REAL, STORE)                                               \
    EXPORT_CELL(mgu, Mgu<REAL>{sizes[3]}, SUFFIX, REAL, STORE)                                               \
    EXPORT_CELL(minimal_rnn, MinimalRnn<REAL>{sizes[3]}, SUFFIX, REAL, STORE)                                \
    EXPORT_CELL(lstm, Lstm<REAL>{sizes[3]}, SUFFIX, REAL, STORE)                                             \
    EXPORT_CELL(lstm_peephole, PeepholeLstm<REAL>{sizes[3]}, SUFFIX, REAL, STORE)                            \
    extern "C" void inside_forward_##SUFFIX(const long* sizes, const InsideForward<REAL, STORE>* io) {         \
        inside_forward<REAL, STORE>(sizes[0], sizes[1], int(sizes[2]), sizes[3], *io);                       \
    }                                                                                                        \
    extern "C" void inside_backward_##SUFFIX(const long* sizes, const InsideBackward<REAL, STORE>* io) {       \
        inside_backward<REAL, STORE>(sizes[0], sizes[1], int(sizes[2]), sizes[3], *io);                      \
    }

// What reads matrices once.
#define EXPORT_PASSES(SUFFIX, REAL, STORE)                                                                   \
    extern "C" void cross_entropy_##SUFFIX(const long* sizes, const CrossEntropy<REAL, STORE>* io) {         \
        cross_entropy<REAL, STORE>(Shape{sizes[0], sizes[1], int(sizes[2])}, sizes[3], *io);                 \
    }                                                                                                        \
    extern "C" void transpose_##SUFFIX(const long* sizes, const Transpose<STORE>* io) {                      \
        transpose<STORE>(Shape{sizes[0], sizes[1], int(sizes[2])}, sizes[3], *io);                           \
    }

// In double and in float alone: without products, or with small ones.
#define EXPORT_EXACT(SUFFIX, REAL)                                                                           \
    extern "C" void dense_inside_forward_##SUFFIX(const long* sizes, const DenseForward<REAL>* io) {           \
        dense_inside_forward<REAL>(Shape{sizes[0], sizes[1], int(sizes[2])},                                 \
                                   DenseShape{sizes[0], sizes[3], sizes[4], sizes[5] != 0}, *io);            \
    }                                                                                                        \
    extern "C" void dense_inside_backward_##SUFFIX(const long* sizes, const DenseBackward<REAL>* io) {         \
        dense_inside_backward<REAL>(Shape{sizes[0], sizes[1], int(sizes[2])},                                \
                                    DenseShape{sizes[0], sizes[3], sizes[4], sizes[5] != 0}, *io);           \
    }                                                                                                        \
    extern "C" void log_trees_##SUFFIX(const long* sizes, const LogTrees<REAL>* io) {                        \
        log_trees<REAL>(Shape{sizes[0], sizes[1], int(sizes[2])}, *io);                                      \
    }                                                                                                        \
    extern "C" void span_scores_forward_##SUFFIX(const long* sizes, const SpanScores<REAL>* io) {            \
        span_scores_forward<REAL>(Shape{sizes[0], sizes[1], int(sizes[2])}, sizes[3], *io);                  \
    }                                                                                                        \
    extern "C" void span_scores_backward_##SUFFIX(const long* sizes, const SpanScoresBackward<REAL>* io) {   \
        span_scores_backward<REAL>(Shape{sizes[0], sizes[1], int(sizes[2])}, sizes[3], *io);                 \
    }
