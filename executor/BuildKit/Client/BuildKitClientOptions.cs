namespace PodExecutor.BuildKit;

/// <summary>What is the same for all builds of one client.</summary>
public sealed record BuildKitClientOptions
{
    /// <summary>How long one attempt to connect may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long, after the end of a build, the rest of its progress is waited for.</summary>
    public TimeSpan StatusGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a failed build waits to see whether its session was broken: the two ends are told over the same connection.</summary>
    internal TimeSpan SessionEndGrace { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Makes the handler by which this client asks registries' token servers, where it must trust other authorities or use a proxy; null: the machine's own.
    /// </summary>
    public Func<HttpMessageHandler>? RegistryHandler { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
