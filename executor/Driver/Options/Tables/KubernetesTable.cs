namespace PodExecutor.Driver.Options;

/// <summary>[kubernetes]: names and meanings as in gitlab-runner's [runners.kubernetes].</summary>
internal static class KubernetesTable
{
    public static KubernetesOptions Read(OptionsReader read)
    {
        var options = new KubernetesOptions { Namespace = "", HelperImage = "" };
        options = ConnectionKeys.Read(read.Section("Connection and namespace"), options);
        options = ImageKeys.Read(read.Section("Images"), options);
        options = ResourceKeys.Read(read.Section("Resources"), options);
        options = ServiceKeys.Read(read.Section("Services"), options);
        options = VolumeKeys.Read(read.Section("Volumes"), options);
        options = SecurityKeys.Read(read.Section("Security"), options);
        options = SchedulingKeys.Read(read.Section("Scheduling"), options);
        options = PodKeys.Read(read.Section("Identity, network, metadata"), options);
        return TimeKeys.Read(read.Section("Times"), options);
    }
}
