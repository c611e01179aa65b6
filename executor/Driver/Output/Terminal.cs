using Spectre.Console;

namespace PodExecutor.Driver.Output;

/// <summary>A console of Spectre's over any writer: colours and the terminal's width, or plain text that a file can hold.</summary>
internal static class Terminal
{
    // Wide enough for every stage name where no terminal says how wide it is.
    private const int WidthWithoutTerminal = 120;

    public static IAnsiConsole On(TextWriter output, bool color)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = color ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = color ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        if (!color)
        {
            console.Profile.Width = WidthWithoutTerminal;
        }

        return console;
    }

    public static Table Table(bool color) => new() { Border = color ? TableBorder.Rounded : TableBorder.Ascii };
}
