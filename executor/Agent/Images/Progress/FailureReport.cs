using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Progress;

/// <summary>The last thing in a failed build's log: the step, its last lines, its place in the Dockerfile, the reason.</summary>
internal static class FailureReport
{
    private const int LinesAround = 2;

    public static IEnumerable<string> Lines(BuildFailedException failure, BuildTrace trace)
    {
        if (trace.Failed(failure.VertexDigest) is { } vertex)
        {
            yield return "------";
            yield return $" > {vertex.Name}:";
            foreach (var line in trace.Tail(vertex))
            {
                yield return line;
            }

            yield return "------";
        }

        if (failure.Location is { } place)
        {
            yield return $"{place.FileName}:{place.FirstLine}";
            yield return "--------------------";
            foreach (var line in place.Lines(LinesAround))
            {
                yield return $"{line.Number,4} | {(line.Meant ? ">>>" : "   ")} {line.Text}".TrimEnd();
            }

            yield return "--------------------";
        }

        yield return $"ERROR: failed to build: {failure.Message}";
    }
}
