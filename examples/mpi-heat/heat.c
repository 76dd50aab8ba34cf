/*
 * The heat equation on a square plate whose edges are kept at 0, by explicit steps; each rank has a band of rows, and tells its
 * neighbours its first and last one after each step. Usage: heat exact SIZE TIME | heat plate SIZE TIME FRAMES
 *
 * exact: begins with a wave whose decay is known, and prints how far off the result is.
 * plate: begins with a ring and a bar that are hot, and writes the whole plate at three times: 32-bit floats, row by row.
 */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME 128

static int rank, ranks, size, first, rows;
static double width;

static double wave(double x, double y) { return sin(M_PI * x) * sin(2 * M_PI * y); }

static double ring_and_bar(double x, double y) {
  double r = hypot(x - 0.5, y - 0.5);
  int on_ring = r > 0.30 && r < 0.36;
  int on_bar = fabs(x - y) < 0.04 && r < 0.24;
  return on_ring || on_bar ? 1 : 0;
}

/* The rows of this rank lie between those of its neighbours, each with an edge of 0 on both sides. */
static double *at(double *band, int row) { return band + (size_t)row * (size + 2); }

static void begin(double *band, double (*heat)(double, double)) {
  memset(band, 0, sizeof(double) * (rows + 2) * (size + 2));
  for (int row = 1; row <= rows; row++)
    for (int column = 1; column <= size; column++) at(band, row)[column] = heat(column * width, (first + row) * width);
}

static void tell_neighbours(double *band) {
  int above = rank == 0 ? MPI_PROC_NULL : rank - 1, below = rank == ranks - 1 ? MPI_PROC_NULL : rank + 1;
  MPI_Sendrecv(at(band, 1), size + 2, MPI_DOUBLE, above, 0, at(band, rows + 1), size + 2, MPI_DOUBLE, below, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  MPI_Sendrecv(at(band, rows), size + 2, MPI_DOUBLE, below, 1, at(band, 0), size + 2, MPI_DOUBLE, above, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

/* So many steps of that length; returns the band that holds the result. */
static double *solve(double *band, double *next, int steps, double step) {
  double part = step / (width * width);
  for (int done = 0; done < steps; done++) {
    tell_neighbours(band);
    for (int row = 1; row <= rows; row++) {
      double *up = at(band, row - 1), *here = at(band, row), *down = at(band, row + 1), *out = at(next, row);
      for (int column = 1; column <= size; column++)
        out[column] = here[column] + part * (up[column] + down[column] + here[column - 1] + here[column + 1] - 4 * here[column]);
    }
    double *former = band;
    band = next;
    next = former;
  }
  return band;
}

static double largest_error(double *band, double time) {
  double decay = exp(-5 * M_PI * M_PI * time), most = 0, of_all;
  for (int row = 1; row <= rows; row++)
    for (int column = 1; column <= size; column++)
      most = fmax(most, fabs(at(band, row)[column] - decay * wave(column * width, (first + row) * width)));
  MPI_Allreduce(&most, &of_all, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return of_all / decay;
}

/* Rank 0 appends the whole plate to the file. */
static void append_plate(double *band, FILE *file) {
  float *mine = malloc(sizeof(float) * rows * size), *all = rank == 0 ? malloc(sizeof(float) * size * size) : NULL;
  int *counts = malloc(sizeof(int) * ranks), *starts = malloc(sizeof(int) * ranks);
  for (int other = 0; other < ranks; other++) {
    starts[other] = (int)((long)size * other / ranks) * size;
    counts[other] = (int)((long)size * (other + 1) / ranks) * size - starts[other];
  }
  for (int row = 0; row < rows; row++)
    for (int column = 0; column < size; column++) mine[row * size + column] = (float)at(band, row + 1)[column + 1];
  MPI_Gatherv(mine, rows * size, MPI_FLOAT, all, counts, starts, MPI_FLOAT, 0, MPI_COMM_WORLD);
  if (rank == 0 && fwrite(all, sizeof(float), (size_t)size * size, file) != (size_t)size * size) MPI_Abort(MPI_COMM_WORLD, 1);
  free(mine); free(all); free(counts); free(starts);
}

static void print_nodes(void) {
  char mine[NAME] = "", *all = malloc(NAME * ranks);
  const char *node = getenv("AZ_BATCH_NODE_ID");
  snprintf(mine, NAME, "%s", node ? node : "unknown");
  MPI_Gather(mine, NAME, MPI_CHAR, all, NAME, MPI_CHAR, 0, MPI_COMM_WORLD);
  for (int other = 0; rank == 0 && other < ranks; other++)
    printf("rank %d %s %ld\n", other, all + NAME * other, (long)size * (other + 1) / ranks - (long)size * other / ranks);
  free(all);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  int is_plate = argc == 5 && strcmp(argv[1], "plate") == 0;
  size = argc >= 4 ? atoi(argv[2]) : 0;
  double time = argc >= 4 ? atof(argv[3]) : 0;
  if ((!is_plate && !(argc == 4 && strcmp(argv[1], "exact") == 0)) || size < ranks || time <= 0) {
    if (rank == 0) fprintf(stderr, "usage: heat exact SIZE TIME | heat plate SIZE TIME FRAMES; a row for each rank at least\n");
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  width = 1.0 / (size + 1);
  first = (int)((long)size * rank / ranks);
  rows = (int)((long)size * (rank + 1) / ranks) - first;
  double *band = malloc(sizeof(double) * (rows + 2) * (size + 2)), *next = calloc((size_t)(rows + 2) * (size + 2), sizeof(double));
  /* Longer ones than a quarter of the square of the width are not stable. */
  int steps = (int)ceil(time / (0.2 * width * width));
  begin(band, is_plate ? ring_and_bar : wave);
  if (is_plate) {
    FILE *file = rank == 0 ? fopen(argv[4], "wb") : NULL;
    if (rank == 0 && file == NULL) MPI_Abort(MPI_COMM_WORLD, 1);
    print_nodes();
    append_plate(band, file);
    int early = steps / 10;
    double *result = solve(band, next, early, time / steps);
    append_plate(result, file);
    result = solve(result, result == band ? next : band, steps - early, time / steps);
    append_plate(result, file);
    if (rank == 0) fclose(file);
  } else {
    double error = largest_error(solve(band, next, steps, time / steps), time);
    if (rank == 0) printf("exact %d %d %.3e\n", size, steps, error);
  }
  free(band); free(next);
  MPI_Finalize();
  return 0;
}
