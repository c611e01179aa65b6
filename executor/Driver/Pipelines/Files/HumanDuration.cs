using System.Globalization;
using System.Text.RegularExpressions;

namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>Durations as pipelines have them (GitLab's ChronicDuration): "1h 30m", "3 hours 5 minutes", "1 week and 2 days", "90" (seconds).</summary>
internal static partial class HumanDuration
{
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (!Whole().IsMatch(text))
        {
            return false;
        }

        foreach (Match part in Part().Matches(text))
        {
            var number = double.Parse(part.Groups["number"].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
            if (Unit(part.Groups["unit"].Value.ToLowerInvariant()) is not { } unit)
            {
                return false;
            }

            duration += unit * number;
        }

        return true;
    }

    private static TimeSpan? Unit(string unit) => unit switch
    {
        "" or "s" or "sec" or "secs" or "second" or "seconds" => TimeSpan.FromSeconds(1),
        "m" or "min" or "mins" or "minute" or "minutes" => TimeSpan.FromMinutes(1),
        "h" or "hr" or "hrs" or "hour" or "hours" => TimeSpan.FromHours(1),
        "d" or "day" or "days" => TimeSpan.FromDays(1),
        "w" or "wk" or "wks" or "week" or "weeks" => TimeSpan.FromDays(7),
        "mo" or "mos" or "month" or "months" => TimeSpan.FromDays(30),
        "y" or "yr" or "yrs" or "year" or "years" => TimeSpan.FromDays(365.25),
        _ => null,
    };

    [GeneratedRegex(@"(?<number>\d+(\.\d+)?)\s*(?<unit>[a-zA-Z]*)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Part();

    [GeneratedRegex(@"^\s*(\d+(\.\d+)?\s*[a-zA-Z]*\s*(,|and\b)?\s*)+$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Whole();
}
