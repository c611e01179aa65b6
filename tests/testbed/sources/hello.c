/* The only program of an image that holds nothing else. Prints a line and its arguments. */
#include <stdio.h>

int main(int count, char **arguments) {
    printf("hello from a static program");
    for (int i = 1; i < count; i++) printf(" [%s]", arguments[i]);
    printf("\n");
    return 0;
}
