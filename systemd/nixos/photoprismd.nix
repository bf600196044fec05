# photoprismd as a service of NixOS, from the archive of a release in which this file is: its static
# binaries and its own units, which systemd gets as they are but for the paths of programs. How:
# install.md, "NixOS". What is not an option here is a variable of `photoprismd --help`.
{ config, lib, pkgs, ... }:

let
  cfg = config.services.photoprismd;
  types = lib.types;

  archive = pkgs.stdenvNoCC.mkDerivation {
    pname = "photoprism-admin";
    version = "0.2.0";
    src = ../..;
    dontConfigure = true;
    dontBuild = true;
    dontFixup = true;
    installPhase = ''
      install -D -t $out/bin bin/photoprism bin/photoprismd bin/photoprism-gate
      install -D -m 644 -t $out/lib/systemd/system systemd/*.service systemd/*.socket
      install -D -m 644 systemd/tmpfiles.conf $out/lib/tmpfiles.d/photoprismd.conf
      install -D -m 644 -t $out/share/man/man1 man/*.1
      install -D -m 644 -t $out/share/man/man8 man/*.8
      install -D -m 644 completions/bash $out/share/bash-completion/completions/photoprism
      install -D -m 644 completions/zsh $out/share/zsh/site-functions/_photoprism
      install -D -m 644 completions/fish $out/share/fish/vendor_completions.d/photoprism.fish
      sed -i -e "s#^ExecStart=#&$out/bin/#" -e "s#^ExecReload=#&${pkgs.coreutils}/bin/#" \
        $out/lib/systemd/system/*.service
    '';
  };

  secret = description: lib.mkOption {
    type = types.nullOr types.path;
    default = null;
    inherit description;
  };
in
{
  options.services.photoprismd = {
    enable = lib.mkEnableOption "the account daemon of photoprism-admin";
    package = lib.mkOption {
      type = types.package;
      default = archive;
      description = "Binaries, units and tmpfiles.d of photoprism-admin.";
    };
    database = lib.mkOption {
      type = types.str;
      default = "/var/lib/photoprismd/admin.db";
      example = "/srv/photoprism/storage";
      description = "A database of its own, PhotoPrism's storage directory, or mysql://….";
    };
    user = lib.mkOption {
      type = types.str;
      default = "photoprismd";
      description = "The owner of PhotoPrism's index.db, where that is the database.";
    };
    adminPasswordFile = secret "The first admin's password, read once at the first start.";
    databasePasswordFile = secret "The password of the MariaDB user.";
    settings = lib.mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = { PHOTOPRISM_ADMIN_ALLOW = "read=uid:1000"; };
      description = "Other settings, by the names of their variables.";
    };
    authSocket = lib.mkOption {
      type = types.bool;
      default = true;
      description = "The socket for services that check logins.";
    };
    gate = lib.mkEnableOption "photoprism-gate, which reverse proxies ask";
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = !config.services.photoprism.enable;
        message = "services.photoprism has /run/photoprism for itself, where the sockets of photoprismd are: run PhotoPrism in a container, or the daemon next to it there";
      }
    ];

    environment.systemPackages = [ cfg.package ];
    systemd.packages = [ cfg.package ];
    systemd.tmpfiles.packages = [ cfg.package ];

    # What sysusers.conf creates elsewhere.
    users.groups = {
      photoprismd = { };
      photoprism-gate = { };
      photoprism-admin = { };
      photoprism-auth = { };
    };
    users.users.photoprismd = {
      isSystemUser = true;
      group = "photoprismd";
      home = "/var/lib/photoprismd";
      description = "PhotoPrism account daemon";
    };
    users.users.photoprism-gate = {
      isSystemUser = true;
      group = "photoprism-gate";
      description = "Gate to PhotoPrism's accounts";
    };

    # NixOS does not read the [Install] of units.
    systemd.sockets.photoprismd.wantedBy = [ "sockets.target" ];
    systemd.sockets.photoprismd-auth.wantedBy =
      lib.optionals cfg.authSocket [ "sockets.target" "photoprismd.service" ];
    systemd.sockets.photoprism-gate.wantedBy = lib.optionals cfg.gate [ "sockets.target" ];
    systemd.services.photoprism-gate.wantedBy = lib.optionals cfg.gate [ "multi-user.target" ];

    systemd.services.photoprismd = {
      wantedBy = [ "multi-user.target" ];
      environment = { PHOTOPRISM_ADMIN_DATABASE = cfg.database; }
        // lib.optionalAttrs (cfg.adminPasswordFile != null) {
          PHOTOPRISM_ADMIN_PASSWORD_FILE = "%d/photoprismd.admin-password";
        }
        // lib.optionalAttrs (cfg.databasePasswordFile != null) {
          PHOTOPRISM_ADMIN_DATABASE_PASSWORD_FILE = "%d/photoprismd.database-password";
          PHOTOPRISM_ADMIN_BACKUPS = "/var/lib/photoprismd/backups";
        }
        // cfg.settings;
      serviceConfig = {
        LoadCredential =
          lib.optional (cfg.adminPasswordFile != null)
            "photoprismd.admin-password:${toString cfg.adminPasswordFile}"
          ++ lib.optional (cfg.databasePasswordFile != null)
            "photoprismd.database-password:${toString cfg.databasePasswordFile}";
      }
      // lib.optionalAttrs (cfg.user != "photoprismd") {
        User = cfg.user;
        SupplementaryGroups = [ "photoprism-admin" "photoprism-auth" ];
        StateDirectory = "";
        ReadWritePaths = [ cfg.database ];
      };
    };
  };
}
