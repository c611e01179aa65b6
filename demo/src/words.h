/* How many words stand in the text: runs of anything but white space. */
int count_words(const char *text);
