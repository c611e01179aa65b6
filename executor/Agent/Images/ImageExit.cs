namespace PodExecutor.Agent.Images;

/// <summary>Exit codes of the image commands. 125 is what docker answers a wrong command line with; 75 is sysexits' EX_TEMPFAIL.</summary>
internal static class ImageExit
{
    public const int Success = 0;

    /// <summary>The build, push or login failed, and would fail again.</summary>
    public const int Failure = 1;

    /// <summary>The builder was not reached or went away: the same job may succeed later. A script that ends with it is a system failure if the helper container agrees (AwayNote).</summary>
    public const int Builder = 75;

    /// <summary>The command line is wrong or asks for what cannot be served.</summary>
    public const int Usage = 125;

    /// <summary>Stopped by SIGTERM or SIGINT.</summary>
    public const int Stopped = 130;
}
