using System.Globalization;

namespace PodExecutor.Bench.Measuring;

/// <summary>What one sample cost us and them: seconds, bytes or requests.</summary>
internal readonly record struct Pair(double Ours, double Theirs);

/// <summary>One line of output: the medians of both sides, and ours ÷ theirs. Below 1 is a win.</summary>
internal static class Figure
{
    /// <param name="name">topic.figure</param>
    /// <param name="unit">s, bytes or requests.</param>
    /// <param name="against">Who "theirs" is.</param>
    public static void Print(string name, string unit, string against, IReadOnlyCollection<Pair> samples)
    {
        var (ours, theirs) = (Median(samples.Select(s => s.Ours)), Median(samples.Select(s => s.Theirs)));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name} ratio={ours / theirs:0.00} n={samples.Count} ours={Text(ours, unit)} theirs={Text(theirs, unit)} unit={unit} against={against}"));
    }

    /// <summary>Against a number that was measured earlier, on the same kind of machine (bench/README.md).</summary>
    public static void PrintAgainstKnown(string name, string unit, string against, IReadOnlyCollection<double> ours, double theirs) =>
        Print(name, unit, against, [.. ours.Select(o => new Pair(o, theirs))]);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private static string Text(double value, string unit) =>
        value.ToString(unit == "s" ? "0.0000" : "0.#", CultureInfo.InvariantCulture);
}
