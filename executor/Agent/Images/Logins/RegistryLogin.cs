namespace PodExecutor.Agent.Images.Logins;

/// <summary>A registry's login. Never printed: the record's own ToString is replaced.</summary>
/// <param name="Username">Empty with an identity token.</param>
/// <param name="Secret">Password, or an identity (refresh) token.</param>
internal sealed record RegistryLogin(string Username, string Secret)
{
    public override string ToString() => Username.Length == 0 ? "an identity token" : Username;
}
