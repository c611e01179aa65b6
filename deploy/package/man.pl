#!/usr/bin/perl
# man.pl TITLE SECTION DATE FILE.md: a page of docs/ as a man page, on stdout. Knows the Markdown that docs/ uses: headings, paragraphs,
# lists, tables, code blocks, **bold**, `code`, [links](…). Perl's own modules only.
use strict;
use warnings;

my ($title, $section, $date, $file) = @ARGV;
open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
binmode STDOUT, ':encoding(UTF-8)';
my (@paragraph, $code, $table);

# plain TEXT: as roff takes it, where no line may begin with a control character
sub plain {
    my ($text) = @_;
    $text =~ s/\\/\\e/g;
    $text =~ s/-/\\-/g;
    $text =~ s/^([.'])/\\&$1/mg;
    return $text;
}

# inline TEXT: what stands between backquotes and stars is bold, a link is its text and, outside of docs/, its address
sub inline {
    my ($text) = @_;
    $text =~ s/\[([^\]]+)\]\((http[^)]+)\)/$1 <$2>/g;
    $text =~ s/\[([^\]]+)\]\([^)]+\)/$1/g;
    my $result = '';
    while ($text =~ /\G(?:(`+)(.+?)\1|\*\*(.+?)\*\*|([^`*]+|.))/gs) {
        if (defined $2) { my $bold = plain($2); $result .= "\\fB$bold\\fR" }
        elsif (defined $3) { (my $inner = $3) =~ tr/`//d; my $bold = plain($inner); $result .= "\\fB$bold\\fR" }
        else { $result .= plain($4) }
    }
    return $result;
}

sub flush {
    print ".PP\n", inline(join "\n", @paragraph), "\n" if @paragraph;
    @paragraph = ();
}

# a row of two cells or more: the first is the tag, the others its text
sub row {
    my @cells = map { s/\\\|/|/gr } map { s/^\s+|\s+$//gr } split /(?<!\\)\|/, $_[0] =~ s/^\||\|$//gr;
    my $tag = shift @cells;
    print ".TP\n", inline($tag), "\n", inline(join('. ', grep { length } @cells) || ' '), "\n";
}

print ".TH \"\U$title\E\" $section \"$date\" \"pod-executor\"\n";
while (my $line = <$in>) {
    chomp $line;
    if ($line =~ /^\s*```/) {
        flush();
        print $code ? ".EE\n.RE\n" : ".PP\n.RS 4\n.EX\n";
        $code = !$code;
    }
    elsif ($code) { print plain($line), "\n" }
    elsif ($line =~ /^(#+) (.*)/) {
        flush();
        my ($level, $text) = (length $1, inline($2) =~ s/\\f[BR]//gr);
        # the page's own title is what "man -k" shows
        if ($level == 1) { print ".SH NAME\n$title \\- \l$text\n.SH DESCRIPTION\n"; next }
        print $level < 3 ? '.SH' : '.SS', " \"", $level < 3 ? uc $text : $text, "\"\n";
    }
    elsif ($line =~ /^\|[-| :]+\|?$/) { $table = 1 }             # below a table's head
    elsif ($line =~ /^\|/) { flush(); row($line) if $table }     # the head itself names the columns: left out
    elsif ($line =~ /^\s*(?:[-*]|(\d+)\.) (.*)/) { flush(); print ".IP ", defined $1 ? "$1." : '\\(bu', " 4\n", inline($2), "\n" }
    elsif ($line =~ /^\s*$/) { flush(); $table = 0 }
    else { push @paragraph, $line =~ s/^\s+//r }
}
flush();
