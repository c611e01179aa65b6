using System.Globalization;

namespace PodExecutor.Agent.Artifacts;

/// <summary>Durations as Go's time.ParseDuration reads them: numbers with units, "1h0m0s", "1.5h", "0".</summary>
internal static class GoDuration
{
    /// <summary>Timers take no more than 49 days.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>Not negative, at most 30 days: what is longer is cut.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text == "0")
        {
            return true;
        }

        var seconds = 0.0;
        var rest = text.AsSpan();
        while (rest.Length > 0)
        {
            var digits = 0;
            while (digits < rest.Length && (char.IsAsciiDigit(rest[digits]) || rest[digits] == '.'))
            {
                digits++;
            }

            if (digits == 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            rest = rest[digits..];
            var next = rest.IndexOfAnyInRange('0', '9');
            var unit = next < 0 ? rest : rest[..next];
            if (Seconds(unit) is not { } factor)
            {
                return false;
            }

            seconds += number * factor;
            rest = rest[unit.Length..];
        }

        duration = seconds >= Longest.TotalSeconds ? Longest : TimeSpan.FromSeconds(seconds);
        return text.Length > 0;
    }

    private static double? Seconds(ReadOnlySpan<char> unit) => unit switch
    {
        "h" => 3600,
        "m" => 60,
        "s" => 1,
        "ms" => 1e-3,
        "us" or "µs" => 1e-6,
        "ns" => 1e-9,
        _ => null,
    };
}
