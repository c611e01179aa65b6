#include <stdio.h>

#include "words.h"

int main(int count, char **arguments) {
    const char *text = count > 1 ? arguments[1] : "hello";
    printf("%s (%d words)\n", text, count_words(text));
    return 0;
}
