#include "words.h"

#include <ctype.h>

int count_words(const char *text) {
    int words = 0, inside = 0;
    for (; *text; text++) {
        int letter = !isspace((unsigned char)*text);
        if (letter && !inside) words++;
        inside = letter;
    }
    return words;
}
