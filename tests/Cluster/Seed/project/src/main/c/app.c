#include <stdio.h>

int main(void) {
    puts("hello from the team's image");
    return 0;
}
