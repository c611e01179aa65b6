using System.Buffers;
using System.Globalization;

namespace PodExecutor.Agent.Images.Listing;

/// <summary>A point in time as docker's <c>until=</c> takes it: "24h", "1h30m", seconds since 1970, or a date.</summary>
internal static class PastTime
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    /// <returns>Null: none of these.</returns>
    public static DateTimeOffset? Parse(string text, DateTimeOffset now)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            return DateTimeOffset.FromUnixTimeSeconds(seconds);
        }

        if (Duration(text) is { } ago)
        {
            return now - ago;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date : null;
    }

    // time.ParseDuration, without the parts of a second that no image's age needs.
    private static TimeSpan? Duration(string text)
    {
        var total = TimeSpan.Zero;
        var rest = text.AsSpan();
        do
        {
            var digits = rest.IndexOfAnyExcept(Digits);
            if (digits < 1 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            var unit = rest[digits..] switch
            {
                ['m', 's', ..] => TimeSpan.FromMilliseconds(1),
                ['h', ..] => TimeSpan.FromHours(1),
                ['m', ..] => TimeSpan.FromMinutes(1),
                ['s', ..] => TimeSpan.FromSeconds(1),
                _ => TimeSpan.Zero,
            };
            if (unit == TimeSpan.Zero || number > 1e6)
            {
                return null;
            }

            total += unit * number;
            rest = rest[(digits + (unit < TimeSpan.FromSeconds(1) ? 2 : 1))..];
        }
        while (rest.Length > 0);
        return total;
    }
}
