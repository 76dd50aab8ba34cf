#include <mpi.h>
#include <stdio.h>

/* Each rank brings its number plus one; all learn the sum. */
int main(int argc, char **argv) {
  int rank, size, mine, sum, length;
  char host[MPI_MAX_PROCESSOR_NAME];
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Get_processor_name(host, &length);
  mine = rank + 1;
  MPI_Allreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  printf("rank %d of %d: sum %d on %s\n", rank, size, sum, host);
  MPI_Finalize();
  return 0;
}
