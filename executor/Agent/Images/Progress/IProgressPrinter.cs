using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Progress;

/// <summary>How a running build shows itself: --progress.</summary>
internal interface IProgressPrinter
{
    void Print(ProgressUpdate update);

    /// <summary>Everything that was held back, once the build has ended.</summary>
    void Finish();
}

/// <summary>--progress quiet: only the result is told.</summary>
internal sealed class QuietPrinter : IProgressPrinter
{
    public void Print(ProgressUpdate update)
    {
    }

    public void Finish()
    {
    }
}
