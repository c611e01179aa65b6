/* A whole program without a C library: the image that it goes into holds nothing else. */
static long call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

void _start(void)
{
    static const char text[] = "hello from the team's image\n";
    call(1, 1, (long)text, sizeof text - 1);
    call(60, 0, 0, 0);
}
