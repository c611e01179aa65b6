namespace PodExecutor.Driver.Operations.Migrate;

/// <summary>What became of a key of gitlab-runner's config.toml.</summary>
internal enum Fate
{
    /// <summary>Same name, same meaning.</summary>
    Kept,

    /// <summary>It is elsewhere or has another name.</summary>
    Renamed,

    /// <summary>Its reason has gone.</summary>
    NotNeeded,

    /// <summary>Something is lost without it; the operator has to decide.</summary>
    NotSupported,

    /// <summary>It was not set, and our default is another than gitlab-runner's.</summary>
    OtherDefault,
}

/// <summary>One line of the report. Names keys, never values: a value may be a secret.</summary>
/// <param name="Key">As in the file: "runners.kubernetes.image".</param>
/// <param name="Line">From 1; 0 for what does not stand in the file.</param>
/// <param name="Text">Why, and what instead.</param>
internal sealed record KeyFate(string Key, int Line, Fate Fate, string Text = "");
